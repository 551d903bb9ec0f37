"""Questions in tables: workbooks, CSV, tables in Word; and our own template. Pure."""
