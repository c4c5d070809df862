"""Who was it, and which department did they belong to at that time.

`load_directory` reads the folder that the user keeps (`networks.csv`, `people.csv`, `departments.csv`);
`Directory.resolve` turns the raw identity of a contact into a stable key and a department.
"""

from shadowai.directory.clients import Reason
from shadowai.directory.directory import Directory
from shadowai.directory.load import load_directory
from shadowai.directory.networks import Network, NetworkKind
from shadowai.directory.options import DirectoryOptions

__all__ = ["Directory", "DirectoryOptions", "Network", "NetworkKind", "Reason", "load_directory"]
