"""Parts of screens. They know neither tasks nor the network."""
