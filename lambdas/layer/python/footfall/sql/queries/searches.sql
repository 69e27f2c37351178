-- What do people search for on the site, and what do they not find?
SELECT
  site,
  search_keyword,
  count(*) AS searches,
  count(*) FILTER (WHERE search_count = 0) AS without_result
FROM hits_human
WHERE "date" >= current_date - INTERVAL '28' DAY
  AND action = 'site_search'
GROUP BY site, search_keyword
ORDER BY searches DESC, site, search_keyword
LIMIT 100
