"""The command `vat`: Snakemake with VAT's workflow and profiles, for those who need not know it."""
