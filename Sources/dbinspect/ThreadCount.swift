// How many threads a command uses if nobody says.

import Glibc

/// As many as there are processors, up to four: more would wait for memory, or for what reads the lines, most of the time.
let usualThreadCount = max(1, min(4, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
