SELECT *
FROM hits
WHERE agent_class IN ('human', 'email_proxy')
