"""Who held an address at that time: leases and sessions read from the files of DHCP servers, VPNs and RADIUS.

`read_leases` reads the folder; `LeaseTable.timeline` gives who held an address and when.
"""

from shadowai.directory.leases.reading import read_leases
from shadowai.directory.leases.records import NOBODY, Lessee
from shadowai.directory.leases.spans import ALONE, Timeline
from shadowai.directory.leases.table import LeaseTable

__all__ = ["ALONE", "NOBODY", "LeaseTable", "Lessee", "Timeline", "read_leases"]
