"""Makes the toolkit's filters and modules importable by their file names."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = map(str, [ROOT / "filter_plugins", ROOT / "collections", *ROOT.glob("roles/*/library")])
