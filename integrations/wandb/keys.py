"""Keys of what a log writes into a run, and of what the panels of a workspace show of it."""

SCAN = "dq/scan"  # the scalars' own x axis: the number of the scan among those of its data set
TABLE, CHART, REPORT = "dq_tables/", "dq_charts/", "dq_report/report"  # how keys of tables and of charts begin
GATE = f"{TABLE}gate"  # the table of what a gate judged
