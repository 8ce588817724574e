"""Services that read pages over the network, for those who choose one in place of the parsers on this machine."""
