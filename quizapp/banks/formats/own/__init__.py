"""Our own format: YAML or JSON, one file or a folder, zipped with its pictures. Pure."""
