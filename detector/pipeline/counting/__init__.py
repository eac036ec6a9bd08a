"""What a poll brought, counted: posts, tables and lists as bins behind those the detector knows."""
