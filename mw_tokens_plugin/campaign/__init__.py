"""Many targets, one engine: plan, confirm, run, record, resume.

Everything here works on a ledger, so that a campaign survives the process.
"""
