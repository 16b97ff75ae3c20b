"""Who may ask the data layer what: tokens, keys and scopes. Knows no HTTP."""
