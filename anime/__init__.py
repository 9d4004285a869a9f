"""Collections of anime characters: brought, corrected, recognised, drawn."""
