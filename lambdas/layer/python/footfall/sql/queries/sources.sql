-- Where do visits come from, and do they stay?
SELECT
  site,
  source_class,
  source_name,
  count(*) AS sessions,
  round(100 * CAST(count(*) FILTER (WHERE is_bounce) AS DOUBLE) / count(*), 1) AS bounced_percent,
  round(avg(page_views), 2) AS pages_per_session,
  round(avg(duration_s), 1) AS average_duration_s,
  round(sum(revenue), 2) AS revenue
FROM sessions
WHERE "date" >= current_date - INTERVAL '28' DAY
GROUP BY site, source_class, source_name
ORDER BY sessions DESC, site, source_class, source_name
LIMIT 100
