"""Questions in XML: Moodle and QTI; and HTML, in which other programs keep their texts. Pure."""
