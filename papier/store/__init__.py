"""Records, sheets, scans: what nothing can lose."""
