"""Runs on the meet host as root: are PINs, and the names of their rooms, there for longer than they may be?

Arguments: the folder they lie in, the days. Prints one sentence per error, as a JSON list; no room is named.
"""

import contextlib
import json
import os
import sqlite3
import sys
import time

FOLDER, DAYS = sys.argv[1], int(sys.argv[2])
FILES = {"pins.sqlite", "pins.sqlite-shm", "pins.sqlite-wal"}

with contextlib.closing(sqlite3.connect(f"file:{FOLDER}/pins.sqlite?mode=ro", uri=True, timeout=10)) as database:
    used = [hour for (hour,) in database.execute("SELECT used FROM pins")]
now = int(time.time()) // 3600
# Every ten minutes the mapper deletes what has become too old.
counted = {
    f"PINs older than {DAYS} days": sum(hour < now - DAYS * 24 for hour in used),
    "PINs used in hours that have not come": sum(hour > now for hour in used),
}
errors = [f"{what}: {number}" for what, number in counted.items() if number]
errors += [f"{name} lies in {FOLDER}" for name in sorted(set(os.listdir(FOLDER)) - FILES)]
print(json.dumps(errors))
