// A walk through the API with a client that was generated from its document. tsc checks every name
// and type against it, and the gateway what is sent. Says one line of JSON.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Problem = components["schemas"]["ProblemBody"];

const { GATEWAY, API_KEY } = process.env;
if (!GATEWAY || !API_KEY) throw new Error("GATEWAY and API_KEY are to be set");

const api = createClient<paths>({
  baseUrl: GATEWAY,
  headers: { Authorization: `Bearer ${API_KEY}` },
});

const upload = await api.POST("/v1/uploads", {
  body: { file_name: "talk.mp4", bytes: 1000, content_type: "video/mp4" },
});
if (!upload.data) throw new Error(JSON.stringify(upload.error));
const parts = await api.GET("/v1/uploads/{upload_id}/parts", {
  params: { path: { upload_id: upload.data.id } },
});

const submitted = await api.POST("/v1/projects", {
  params: { header: { "Idempotency-Key": "walk" } },
  body: {
    source: { type: "url", url: "https://example.invalid/talk.mp4" },
    title: "A talk",
    options: { language: "en", clips: 3, vocabulary: ["ClipForge"] },
  },
});
if (!submitted.data) throw new Error(JSON.stringify(submitted.error));
const again = await api.GET("/v1/projects/{project_id}", {
  params: { path: { project_id: submitted.data.id }, query: { wait: 0 } },
});

const titles: string[] = [];
let cursor = "";
do {
  const page = await api.GET("/v1/projects", { params: { query: { limit: 1, cursor } } });
  if (!page.data) throw new Error(JSON.stringify(page.error));
  titles.push(...page.data.items.map((project) => project.title));
  cursor = page.data.next ?? "";
} while (cursor);

const missing = await api.GET("/v1/projects/{project_id}", {
  params: { path: { project_id: "prj_00000000000000000000000000" } },
});
const problem: Problem | undefined = missing.error as Problem | undefined;
const queues = await api.GET("/v1/queues/metrics");
const gone = await api.DELETE("/v1/projects/{project_id}", {
  params: { path: { project_id: submitted.data.id } },
});

console.log(
  JSON.stringify({
    parts: parts.data?.items.length,
    title: again.data?.title,
    titles,
    problem: problem?.type,
    queues: Object.keys(queues.data ?? {}).length,
    gone: gone.response.status,
  }),
);
