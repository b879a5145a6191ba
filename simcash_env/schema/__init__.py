"""The data dictionary: the columns of every table, the codes in them, and how a table lies in memory."""
