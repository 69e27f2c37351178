-- Which pages are read most?
SELECT
  site,
  url_host,
  url_path,
  count(*) AS page_views,
  count(DISTINCT visitor_id) AS visitors
FROM hits_human
WHERE "date" >= current_date - INTERVAL '28' DAY
  AND action IN ('page_view', 'pixel')
  AND url_host IS NOT NULL
GROUP BY site, url_host, url_path
ORDER BY page_views DESC, site, url_host, url_path
LIMIT 100
