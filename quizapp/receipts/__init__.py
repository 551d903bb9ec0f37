"""收据: what a participant keeps of an ended attempt (receipt), the ledger of all of them (总账), and each day's signed root."""
