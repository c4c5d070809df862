"""Lists of people that other systems export, in the folder `people/` of the directory."""

from shadowai.directory.exports.read import read_exports

__all__ = ["read_exports"]
