"""The words that every other room speaks: records, contracts, errors, filters, ids and settings."""
