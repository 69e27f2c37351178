-- How long do pages take? Averages in milliseconds, of the page views that tell.
SELECT
  site,
  url_host,
  url_path,
  count(server_ms) AS measured,
  round(avg(network_ms), 1) AS network_ms,
  round(avg(server_ms), 1) AS server_ms,
  round(avg(transfer_ms), 1) AS transfer_ms,
  round(avg(dom_processing_ms), 1) AS dom_processing_ms,
  round(avg(on_load_ms), 1) AS on_load_ms
FROM hits_human
WHERE "date" >= current_date - INTERVAL '28' DAY
  AND server_ms IS NOT NULL
GROUP BY site, url_host, url_path
ORDER BY measured DESC, site, url_host, url_path
LIMIT 100
