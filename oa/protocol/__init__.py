"""The wire, one file per resource. It keeps Open-Assistant's words; the rest of the code uses ours."""
