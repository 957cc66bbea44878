alter function audit.seal_lag()
  reset jit
  reset enable_seqscan;
alter function audit.seal_entries(integer)
  reset jit
  reset enable_seqscan;
