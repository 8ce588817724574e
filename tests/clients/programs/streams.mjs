// A program on the AWS SDK for JavaScript: every stream, tools, a body of its own, an error, and the protocol beneath.
import {
  BedrockAgentRuntimeClient,
  RetrieveAndGenerateStreamCommand,
  RetrieveCommand,
  paginateRetrieve,
} from "@aws-sdk/client-bedrock-agent-runtime";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";

const region = process.env.AWS_DEFAULT_REGION;
const knowledgeBaseId = process.env.KNOWLEDGE_BASE_ID;
const documents = new BedrockAgentRuntimeClient({ region });
const models = new BedrockRuntimeClient({ region });
const modelId = "openai.gpt-5-mini";
const claude = "anthropic.claude-sonnet-4-20250514-v1:0";
const messages = [{ role: "user", content: [{ text: "When does the north gate open?" }] }];
const json = new TextEncoder();

async function tools() {
  const schema = { type: "object", properties: { gate: { type: "string" } }, required: ["gate"] };
  const toolConfig = { tools: [{ toolSpec: { name: "opening_hour", inputSchema: { json: schema } } }] };
  const { stream } = await models.send(new ConverseStreamCommand({ modelId, messages, toolConfig }));
  const kinds = [];
  let input = "";
  for await (const event of stream) {
    kinds.push(Object.keys(event)[0]);
    input += event.contentBlockDelta?.delta.toolUse?.input ?? "";
  }
  return { kinds: [...new Set(kinds)], input: JSON.parse(input) };
}

async function answer() {
  const { stream, sessionId } = await documents.send(
    new RetrieveAndGenerateStreamCommand({
      input: { text: "When may I fly business class?" },
      retrieveAndGenerateConfiguration: {
        type: "KNOWLEDGE_BASE",
        knowledgeBaseConfiguration: { knowledgeBaseId, modelArn: "outcrop.extractive-v1" },
      },
    }),
  );
  let text = "";
  let citations = 0;
  for await (const event of stream) {
    text += event.output?.text ?? "";
    citations += event.citation ? 1 : 0;
  }
  return { text, citations, session: typeof sessionId };
}

async function bodies() {
  const body = json.encode(JSON.stringify({ anthropic_version: "bedrock-2023-05-31", max_tokens: 99, messages: [{ role: "user", content: "When?" }] }));
  const whole = await models.send(new InvokeModelCommand({ modelId: claude, body, contentType: "application/json" }));
  const said = JSON.parse(new TextDecoder().decode(whole.body)).content[0].text;
  const reply = await models.send(new InvokeModelWithResponseStreamCommand({ modelId: claude, body, contentType: "application/json" }));
  const types = [];
  for await (const event of reply.body) types.push(JSON.parse(new TextDecoder().decode(event.chunk.bytes)).type);
  return { said, types };
}

async function pages() {
  const retrievalConfiguration = { vectorSearchConfiguration: { numberOfResults: 3 } };
  const sizes = [];
  for await (const page of paginateRetrieve({ client: documents }, { knowledgeBaseId, retrievalQuery: { text: "gates and leave" }, retrievalConfiguration })) {
    sizes.push(page.retrievalResults.length);
  }
  return sizes;
}

async function refused() {
  try {
    await documents.send(new RetrieveCommand({ knowledgeBaseId: "NOTTHERE01", retrievalQuery: { text: "x" } }));
  } catch (error) {
    return [error.name, error.$metadata.httpStatusCode];
  }
}

const found = { tools: await tools(), answer: await answer(), bodies: await bodies(), pages: await pages(), refused: await refused() };
const whole = await models.send(new ConverseCommand({ modelId, messages }));
found.whole = { text: whole.output.message.content[0].text, usage: whole.usage, stop: whole.stopReason };
found.protocols = [documents, models].map((client) => client.config.requestHandler.metadata.handlerProtocol);
console.log(JSON.stringify(found));
