"""Questions in running text: plain text and Word, Aiken and GIFT. Pure."""
