"""What every page shares and no feature owns: access names, forms, error pages, language, layout."""
