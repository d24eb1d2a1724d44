/** Words that instructions aimed at a model are made of. None means anything alone: RULES says what does. */
export const CLASSES: Readonly<Record<string, string>> = {
  override:
    'ignore ignoring disregard disregarding forget forgetting override overriding bypass bypassing neglect',
  prior:
    'previous previously prior above earlier preceding all any every your existing original past former initial system safety',
  directive:
    'instruction instructions prompt prompts rules guideline guidelines directive directives guardrails restrictions constraints policies safeguards orders programming training',
  everything: 'everything anything all whatever what',
  told: 'told said asked instructed given requested wants',
  user: "user users user's human humans operator",
  request: 'request requests question task tasks query prompt instructions instruction goal',
  negation: "not never without don't dont mustn't shouldn't cannot avoid no",
  tell: 'tell telling mention mentioning inform informing notify notifying reveal revealing disclose disclosing alert alerting warn warning',
  conceal: 'hide conceal keep withhold',
  access:
    'read reads reading cat open opening load loading retrieve retrieving fetch access upload get obtain extract copy print dump send include pass provide',
  send: 'send sending pass passing include including provide providing put append attach forward forwarding upload supply submit post paste share enter exfiltrate transmit email mail insert encode leak',
  secretFile:
    '.ssh id_rsa id_ed25519 .aws .env .netrc .npmrc .pypirc .kube .gnupg mcp.json claude_desktop_config.json passwd authorized_keys .bash_history .zsh_history wallet.dat .git-credentials credentials.json',
  secretWord: 'password passwords credential credentials secret secrets passphrase apikey api_key',
  must: 'must should shall need needs please first required immediately mandatory always ensure kindly',
  you: 'you your yourself',
  model: 'assistant assistants ai llm llms chatbot claude gpt chatgpt gemini copilot',
  act: 'call use send execute run transfer invoke read perform write visit follow delete create make share forward upload include post reply respond answer add open click pay buy book do',
  run: 'run execute call invoke use',
  solve:
    'solve complete completing continue continuing proceed proceeding answer answering respond responding finish finishing help fulfill start',
  task: 'task tasks request requests question questions query instruction instructions job assignment',
  can: 'can may could will',
  message: 'message messages note notice instruction instructions announcement reminder update',
  urgent: 'important urgent attention critical priority mandatory',
  mine: 'me my mine our us',
  prefer: 'prefer choose pick select favor favour prioritize prioritise use call',
  over: 'over instead rather',
  other: 'other another any all alternative competing similar',
  tool: 'tool tools server servers provider providers plugin plugins',
  bad: 'deprecated outdated broken unsafe insecure unreliable malicious inferior compromised untrusted obsolete',
  continue: 'continue proceed retry resolve unlock resume continuing proceeding',
  failure: 'error failed failure denied expired blocked invalid unable forbidden',
  shell: 'curl wget bash sh powershell eval iex netcat nc',
  has: 'has have had already hereby',
  approved:
    'approved authorized authorised confirmed consented granted permitted agreed pre-approved approve confirm authorize',
  deed: 'action transfer operation transaction call calls payment request actions transfers',
  ask: 'ask asking request requesting require seek seeking wait prompt',
  confirmation: 'confirmation confirmations approval approvals permission permissions consent',
  fresh: 'new updated revised real actual true hidden current overriding',
  authority: 'system user developer developers administrator admin anthropic openai google',
  role: 'system: assistant: developer: admin: administrator: <system> <admin> <developer>',
  userRole: 'user: human: <user> <human>',
  markup:
    '<important> <system> <instructions> <instruction> <information> <secret> <admin> <system-reminder> <system_prompt> <system_message>',
  url: 'http https',
};

/** Two words that mean one thing; they join a class at the first of them. */
export const PAIRS: Readonly<Record<string, readonly string[]>> = {
  model: ['language model', 'ai agent', 'ai model', 'ai assistant'],
  secretWord: ['api key', 'api keys', 'access token', 'access tokens'],
  privateData: [
    'private key',
    'private keys',
    'ssh key',
    'ssh keys',
    'conversation history',
    'chat history',
    'system prompt',
    'environment variables',
    'seed phrase',
    'full conversation',
    'entire conversation',
    'whole conversation',
    'previous messages',
  ],
};

/**
 * What an instruction aimed at a model says, as word classes in order: `4 prior` is a word of that class among the
 * next four. A word that is no class stands for itself; `a|b` is either. `~` lets a rule run over the ends of
 * sentences.
 */
export const RULES: Readonly<Record<'always' | 'descriptor' | 'output', readonly string[]>> = {
  always: [
    // Take the place of what the user or the client said.
    'override 4 prior 3 directive',
    'override 3 everything 4 told',
    'override 1 your 1 prior',
    'override 3 user 3 request',
    'fresh 2 directive 4 from 3 authority',
    '~ role 12 you|override|must',
    '~ markup 40 must|override|model',
    // Keep it from the user.
    'negation 3 tell 4 user',
    'conceal 6 from 2 user',
    'negation 2 ask 4 confirmation',
    // Speak for the user.
    '~ userRole 4 approved',
    'the 1 user 2 has 3 approved 5 deed',
    // Put itself in front of the task.
    'before 2 you 4 solve 4 task|user',
    '~ after 2 you 6 you 2 can 2 solve 3 task',
    'task 4 gave 1 you',
    // Put itself in front of other tools.
    'must 2 prefer 1 mine',
    'over 3 other 3 tool',
    'negation 2 prefer 3 other 2 tool',
    'other 2 tool 3 are 3 bad',
    'override 2 other 2 tool',
    // Carry data out.
    'send 14 privateData|secretWord|secretFile 8 url',
  ],
  descriptor: ['access 12 secretFile', 'must 12 send 8 privateData', 'before 12 access 12 privateData'],
  output: [
    'must|before 8 access 10 secretFile',
    'must|you 8 send 8 privateData',
    'model 8 must 4 act',
    'urgent 2 message 12 model',
    '~ failure 24 continue 12 send|access 8 secretWord|secretFile|privateData',
    '~ failure 24 send|access 8 secretWord|secretFile|privateData 10 continue',
    '~ continue 8 run 6 shell',
    '~ failure 24 must 4 run 12 continue',
  ],
};

/** Markers of chat templates: no text that a tool returns has a use for them. */
export const TEMPLATE_MARKERS = [
  '<|im_start|>',
  '<|im_end|>',
  '<|system|>',
  '<|user|>',
  '<|assistant|>',
  '<|start_header_id|>',
  '<|endoftext|>',
  '<start_of_turn>',
  '<<sys>>',
  '[/inst]',
];

/**
 * Only texts around one of these are read word by word, so each rule needs one in everything that fulfils it.
 * Rare ones: `instructions` alone, or `token`, stand in every manual.
 */
export const ANCHORS = [
  ...['ignore ', 'ignore\n', '"ignore', 'ignoring', 'disregard', 'forget ', 'forgetting', 'overrid'],
  ...['bypass ', 'bypassing', 'neglect'],
  ...['instructions from', 'instruction from', 'directive from', 'directives from', 'prompt from'],
  ...[
    'system:',
    'developer:',
    'admin: ',
    'admin:\n',
    'administrator:',
    '[system',
    '<system',
    '[admin]',
    '<admin>',
  ],
  ...['<important', '<information', '<instruction', '<secret', '[important', '[developer', '<developer'],
  ...[
    'mention ',
    'inform ',
    'notify ',
    'reveal ',
    'disclose ',
    ' alert ',
    'warn the',
    'tell the',
    'tell any',
  ],
  ...['mentioning', 'informing', 'notifying', 'revealing', 'disclosing', 'alerting', 'telling', 'tell users'],
  ...[
    'from the user',
    'from user',
    'from the human',
    'from human',
    'confirmation',
    'approval',
    'for permission',
  ],
  ...[
    '\nuser: ',
    '\nhuman: ',
    'user: a',
    'user: y',
    'user: i',
    'user: c',
    'user: o',
    'human: ',
    '[user] ',
    '<user> ',
  ],
  ...['user has', 'user have', 'user had', 'user already', 'user hereby', 'user fully'],
  ...['before you', 'after you', 'after that', 'after doing', 'after this', 'gave you', 'gave to you'],
  ...[
    'prefer me',
    'choose me',
    'use me ',
    'call me ',
    'pick me',
    'select me',
    'prefer my',
    'use my ',
    'use our',
  ],
  ...['other tool', 'other server', 'other mcp', 'other avail', 'any tool', 'all tool', 'another tool'],
  ...['another server', 'alternative tool', 'similar tool', 'competing tool'],
  ...[
    '/id_rsa',
    '/id_ed25519',
    '/.ssh/i',
    '~/.ssh/',
    '.netrc ',
    '~/.ssh ',
    '~/.aws/',
    '/.npmrc',
    '.pypirc',
    '.kube/c',
  ],
  ...[
    '.gnupg/',
    'mcp.json',
    'desktop_config',
    '/passwd',
    '_history',
    'authorized_keys',
    'wallet.dat',
    '.git-cred',
  ],
  ...['credentials.json', '.env file'],
  ...[
    'private key',
    'ssh key',
    'chat history',
    'conversation history',
    'system prompt',
    'environment variables',
  ],
  ...['seed phrase', 'full conversation', 'entire conversation', 'whole conversation', 'previous messages'],
  ...['password', 'credential', 'secrets', ' secret', 'passphrase', 'api_key', 'api key', 'access token'],
  ...[' assistant', ' claude', 'chatgpt', 'gemini ', 'copilot', 'chatbot', ' ai model'],
  ...[' ai agent', ' ai assistant', 'language model', ' llm must', ' llm should'],
  ...['to continue', 'to proceed', 'to retry', 'to resolve', 'to unlock', 'to resume', 'and retry'],
  ...['before continuing', 'before proceeding'],
];
