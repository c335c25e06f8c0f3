"""EXL2: linear layers in 2 to 8 bits per weight, mixed within a layer, as ExLlamaV2 reads them."""
