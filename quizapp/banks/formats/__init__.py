"""The formats that banks come and go in: a reader makes entries with their places of a file, a writer a file of a content. Pure.

`banks.reading` picks the reader, `banks.writing` the writer; `gathering` is what all readers share.

| folder | formats |
|---|---|
| `own/` | our YAML and JSON (`project`, on `documents`), a folder of them (`folder`), zipped with pictures (`package`) |
| `tables/` | XLSX, XLS, CSV: `sheets`, on `headings`; our `template` |
| `text/` | `plain_text`, `word`, `aiken`, `gift` |
| `xml/` | `moodle`, `qti` and `qti_writer`, on `elements` and `html` |
"""
