"""All tests read the program's English, unless one asks for French: messages stand in the code in English."""

from __future__ import annotations

import os

os.environ["PAPIER_LANGUAGE"] = "en"
