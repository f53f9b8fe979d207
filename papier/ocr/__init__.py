"""Scan file → pages → registration → identification → zone readings."""
