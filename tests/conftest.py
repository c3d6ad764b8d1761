"""Makes the toolkit's filters importable by their file names."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "filter_plugins"))
