/*
title  = "Azure API Management LLM log"
source = "azure-apim"
each   = ["records[]"]
note   = """
ApiManagementGatewayLlmLog as rows of Log Analytics or as a diagnostic setting writes it (lines, or an envelope of
records; properties an object or a text). One call has several rows with one CorrelationId: the row with the counts, and
rows with pieces of the prompt and the answer in the order of SequenceNumber. Rows of the gateway log with the
same CorrelationId in the same file add the outcome, the times and the subscription, and its bodies, where logged, the
rest; without them the outcome is unknown unless tokens were counted. Prompt tokens of Claude leave its cache out, and
what was written to it is nowhere: such usage is partial. The subscription is taken for the project."""

[recognise]
any = [
  ["*.CorrelationId", "*.PromptTokens", "*.CompletionTokens", "*.ModelName"],
  ["*.category", "*.properties{}.promptTokens", "*.properties{}.completionTokens", "*.properties{}.modelName"],
  ["*.category", "*.properties{}.PromptTokens", "*.properties{}.CompletionTokens", "*.properties{}.ModelName"],
  ["*.category", "*.properties{}.backendUrl", "*.properties{}.apiId"],
  ["*.CorrelationId", "*.BackendUrl", "*.ApiId"],
]

[record]
