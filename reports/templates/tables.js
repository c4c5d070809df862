"use strict";
(() => {
  const cell = (row, column) => row.cells[column];
  const key = (row, column) => {
    const found = cell(row, column);
    return found.dataset.key === undefined ? found.textContent.trim() : Number(found.dataset.key);
  };
  const compare = (one, other) =>
    typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), document.documentElement.lang, { numeric: true });

  const sortBy = (table, header, column) => {
    const body = table.tBodies[0];
    const numeric = body.rows.length > 0 && typeof key(body.rows[0], column) === "number";
    const before = header.getAttribute("aria-sort");
    const down = before === null ? numeric : before === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows].map((row) => [key(row, column), row]);
    rows.sort((one, other) => (down ? compare(other[0], one[0]) : compare(one[0], other[0])));
    body.append(...rows.map((pair) => pair[1]));
  };

  const makeSortable = (table) => {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sortBy(table, header, column));
    });
  };

  const makeFilter = (table) => {
    const box = document.createElement("p");
    const label = document.createElement("label");
    const input = document.createElement("input");
    const told = document.createElement("span");
    box.className = "filter";
    input.type = "search";
    told.setAttribute("role", "status");
    label.append(table.dataset.filter + " ", input);
    box.append(label, " ", told);
    table.before(box);
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLocaleLowerCase();
      const rows = [...table.tBodies[0].rows];
      for (const row of rows) row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
      const shown = rows.filter((row) => !row.hidden).length;
      told.textContent = wanted ? table.dataset.shown.replace("{shown}", shown).replace("{all}", rows.length) : "";
    });
  };

  for (const table of document.querySelectorAll("table[data-sort]")) makeSortable(table);
  for (const table of document.querySelectorAll("table[data-filter]")) {
    if (table.tBodies[0].rows.length > 7) makeFilter(table);
  }

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of closed) one.open = false;
  });
})();
