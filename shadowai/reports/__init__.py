"""One result document, many renderers: HTML pages, PDF, CSV, XLSX, JSON, Markdown, and the terminal.

Renderers are functions over `shadowai.result.Result` and know nothing else: no clock, no network, no engine.

- A report: `order` says what is wanted of it and `look` how it looks, `files` writes it, `folder` publishes it in one
  step. `document` reads and writes result.json, `selection` narrows it to one department.
- Pages: `index_page`, `department_page`, `executive_page` and `evidence_page` lay out what a page shows, of `views`,
  `charts`, `steps`, `services` and the like; `html` renders them by the templates, `pdf` has a `browser` print them.
- Tables: `sheets` and `sheet_rows` lay them out, `tables` (CSV) and `xlsx` write them.
- Words: `text` writes figures and makes hostile text harmless, `words` has the vocabulary, `language` and `languages`
  say messages in other languages, `phrase_book` and `phrases` the sentences that others wrote into the document.
"""
