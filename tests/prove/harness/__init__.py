"""A site that is broken on purpose, labelers who go on regardless, and a ledger of what they were promised."""
