-- Which pages do AI companies read, and what for?
SELECT
  site,
  bot_kind,
  agent_name,
  url_host,
  url_path,
  count(*) AS hits
FROM hits
WHERE "date" >= current_date - INTERVAL '28' DAY
  AND bot_kind IN ('ai_training', 'ai_search', 'ai_assistant')
GROUP BY site, bot_kind, agent_name, url_host, url_path
ORDER BY hits DESC, site, bot_kind, agent_name, url_host, url_path
LIMIT 100
