-- Who opened which mailing? Readers are counted once each; prefetches only show that it arrived; unknown_readers cannot be told apart.
SELECT
  site,
  mailing,
  count(*) FILTER (WHERE open_class <> 'prefetch' AND open_number = 1) AS readers,
  count(*) FILTER (WHERE open_class <> 'prefetch' AND is_repeat) AS repeated_opens,
  count(*) FILTER (WHERE open_class <> 'prefetch' AND open_number IS NULL) AS unknown_readers,
  count(*) FILTER (WHERE open_class = 'proxy') AS opens_through_proxies,
  count(*) FILTER (WHERE open_class = 'prefetch') AS prefetches,
  min(event_time) AS first_open_at
FROM email_opens
WHERE "date" >= current_date - INTERVAL '90' DAY
GROUP BY site, mailing
ORDER BY first_open_at DESC, site, mailing
LIMIT 100
