-- What was ordered? An order that was reported twice counts once.
SELECT
  site,
  order_id,
  min(event_time) AS ordered_at,
  min_by(revenue, received_at) FILTER (WHERE revenue IS NOT NULL) AS revenue,
  count(*) AS times_reported
FROM hits_human
WHERE "date" >= current_date - INTERVAL '28' DAY
  AND action = 'order'
GROUP BY site, order_id
ORDER BY ordered_at DESC, site, order_id
LIMIT 100
