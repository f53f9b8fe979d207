"""The office in the browser: pages of this machine for this machine, drawn here, usable without JavaScript."""
