"""Order sheets: what is ticked on paper, papier does; once, if it is allowed, and only if it was read for sure."""
