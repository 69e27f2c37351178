-- On which pages do visits begin and end?
SELECT
  site,
  entry_page,
  exit_page,
  count(*) AS sessions,
  count(*) FILTER (WHERE is_bounce) AS bounces
FROM sessions
WHERE "date" >= current_date - INTERVAL '28' DAY
GROUP BY site, entry_page, exit_page
ORDER BY sessions DESC, site, entry_page, exit_page
LIMIT 100
