-- With what do people come?
SELECT
  site,
  device_type,
  os,
  browser,
  count(*) AS sessions
FROM sessions
WHERE "date" >= current_date - INTERVAL '28' DAY
GROUP BY site, device_type, os, browser
ORDER BY sessions DESC, site, device_type, os, browser
LIMIT 100
