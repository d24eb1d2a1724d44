/** What is known of a well-known server's tools; its lines are those of `profile.ts`. */
export interface ProfileTable {
  /** What people call it. */
  name: string;
  /** As package managers name what starts it. */
  packages: readonly string[];
  /** `effect tool argument...`, where `!` marks what the tool cannot do without and `=role` says what it is for. */
  tools: string;
}

/**
 * Data, to be read and corrected. Only what a schema and names do not tell: ids stay selectors, choices and numbers
 * scalars, without a word here. What each list was read from stands above it, with the date.
 */
export const PROFILES: readonly ProfileTable[] = [
  {
    // tools/list of @modelcontextprotocol/server-filesystem 2026.8.31. It overwrites without asking.
    name: 'filesystem',
    packages: ['npm/@modelcontextprotocol/server-filesystem'],
    tools: `
      read read_file path!
      read read_text_file path!
      read read_media_file path!
      read read_multiple_files paths!
      read list_directory path!
      read list_directory_with_sizes path!
      read directory_tree path!
      read search_files path! pattern!
      read get_file_info path!
      read list_allowed_directories
      write create_directory path!
      destroy write_file path! content!=content
      destroy edit_file path! edits!=content
      destroy move_file source!=selector destination!=selector`,
  },
  {
    // tools/list of @shtse8/filesystem-mcp 0.5.8.
    name: 'filesystem-mcp',
    packages: ['npm/@shtse8/filesystem-mcp'],
    tools: `
      read list_files path
      read stat_items paths!
      read read_content paths!
      read search_files path regex!
      write create_directories paths!
      write copy_items operations! /operations/*/source=selector /operations/*/destination=selector
      destroy write_content items! /items/*/content=content
      destroy delete_items paths!
      destroy move_items operations! /operations/*/source=selector /operations/*/destination=selector
      destroy replace_content paths! operations! /operations=content
      destroy edit_file changes! /changes=content /changes/*/path=selector
      write chmod_items paths! mode!
      write chown_items paths! uid! gid!`,
  },
  {
    // Documentation of mcp-server-git (modelcontextprotocol/servers, src/git/README.md), November 2026.
    name: 'git',
    packages: ['pypi/mcp-server-git'],
    tools: `
      read git_status repo_path!
      read git_diff_unstaged repo_path! context_lines
      read git_diff_staged repo_path! context_lines
      read git_diff repo_path! target!=selector
      read git_log repo_path! max_count
      read git_show repo_path! revision!
      read git_branch repo_path! branch_type!
      write git_commit repo_path! message!=content
      write git_add repo_path! files!
      write git_create_branch repo_path! branch_name!
      write git_checkout repo_path! branch_name!
      destroy git_reset repo_path!`,
  },
  {
    // tools/list of @cyanheads/git-mcp-server 2.15.3. A remote is somewhere that commits go to.
    name: 'git-mcp-server',
    packages: ['npm/@cyanheads/git-mcp-server'],
    tools: `
      read git_blame filePath! path startLine endLine
      read git_changelog_analyze reviewTypes! path
      read git_diff path target=selector source=selector
      read git_log path maxCount
      read git_reflog path ref
      read git_show object! path
      read git_status path includeUntracked
      read git_wrapup_instructions acknowledgement!
      write git_add path paths
      write git_branch path mode branchName newBranchName
      write git_checkout target!=selector path
      write git_cherry_pick commits! path
      write git_commit message!=content path filesToStage
      write git_init path
      write git_merge branch! path message=content
      write git_set_working_dir path!
      write git_stash path mode message=content
      write git_tag path mode tagName message=content
      write git_worktree path mode worktreePath
      send git_clone url!=destination path!
      send git_fetch path remote=destination
      send git_pull path remote=destination
      send git_push path remote=destination
      send git_remote path mode url=destination
      destroy git_clean path force
      destroy git_clear_working_dir confirm!
      destroy git_rebase path mode
      destroy git_reset path mode target=selector`,
  },
  {
    // Documentation of @modelcontextprotocol/server-github (modelcontextprotocol/servers, src/github/README.md).
    name: 'github',
    packages: ['npm/@modelcontextprotocol/server-github'],
    tools: `
      read search_repositories query!
      read get_file_contents owner! repo! path
      read list_issues owner! repo!
      read search_code q!
      read search_issues q!
      read search_users q!
      read list_commits owner! repo!
      read get_issue owner! repo! issue_number!
      read get_pull_request owner! repo! pull_number!
      read list_pull_requests owner! repo!
      read get_pull_request_files owner! repo! pull_number!
      read get_pull_request_status owner! repo! pull_number!
      read get_pull_request_comments owner! repo! pull_number!
      read get_pull_request_reviews owner! repo! pull_number!
      write create_or_update_file owner! repo! path! content!=content message!=content branch
      write push_files owner! repo! branch! files! message!=content /files/*/content=content
      write create_repository name! description=content
      write fork_repository owner! repo! organization=destination
      write create_branch owner! repo! branch!
      write update_pull_request_branch owner! repo! pull_number!
      send create_issue owner! repo! title!=content body=content assignees=destination
      send update_issue owner! repo! issue_number! title=content body=content assignees=destination
      send add_issue_comment owner! repo! issue_number! body!=content
      send create_pull_request owner! repo! title!=content body=content head! base!
      send create_pull_request_review owner! repo! pull_number! body!=content event! comments=content
      destroy merge_pull_request owner! repo! pull_number! commit_message=content commit_title=content`,
  },
  {
    // Documentation of github/github-mcp-server (README.md), November 2026. It is a binary or an image: no package.
    name: 'github-mcp-server',
    packages: [],
    tools: `
      read issue_read method! owner! repo! issue_number!
      read pull_request_read method! owner! repo! pullNumber!
      read projects_get method! owner! project_number! owner_type!
      read projects_list method! owner! owner_type!
      write projects_write method! owner! owner_type! project_number!
      send issue_write method! owner! repo! title=content body=content assignees=destination
      send add_comment_to_pending_review owner! repo! pullNumber! path! body!=content subjectType!
      send pull_request_review_write method! owner! repo! pullNumber! body=content
      send update_pull_request owner! repo! pullNumber! title=content body=content reviewers=destination
      send create_gist content!=content filename!=content description=content
      send update_gist gist_id! content!=content filename! description=content
      destroy delete_file owner! repo! path! branch! message!=content
      destroy merge_pull_request owner! repo! pullNumber! commit_message=content commit_title=content
      execute run_workflow owner! repo! workflow_id! ref! inputs=code`,
  },
  {
    // Source of @modelcontextprotocol/server-slack (modelcontextprotocol/servers, src/slack/index.ts).
    name: 'slack',
    packages: ['npm/@modelcontextprotocol/server-slack'],
    tools: `
      read slack_list_channels limit cursor
      read slack_get_channel_history channel_id!
      read slack_get_thread_replies channel_id! thread_ts!
      read slack_get_users cursor limit
      read slack_get_user_profile user_id!
      send slack_post_message channel_id! text!=content
      send slack_reply_to_thread channel_id! thread_ts!=selector text!=content
      send slack_add_reaction channel_id! timestamp!=selector reaction!=content`,
  },
  {
    // Documentation of @gongrzhe/server-gmail-autoauth-mcp (GongRzhe/Gmail-MCP-Server, README.md).
    name: 'gmail',
    packages: ['npm/@gongrzhe/server-gmail-autoauth-mcp'],
    tools: `
      read read_email messageId!
      read search_emails query!
      read list_email_labels
      write draft_email to!=destination subject!=content body!=content cc=destination bcc=destination
      write modify_email messageId!
      write batch_modify_emails messageIds!
      write create_label name!=content
      write update_label id! name=content
      write get_or_create_label name!=content
      send send_email to!=destination subject!=content body!=content cc=destination bcc=destination
      destroy delete_email messageId!
      destroy batch_delete_emails messageIds!
      destroy delete_label id!`,
  },
  {
    // Source of @cocal/google-calendar-mcp (nspady/google-calendar-mcp, src/tools/registry.ts). Guests are told.
    name: 'google-calendar',
    packages: ['npm/@cocal/google-calendar-mcp'],
    tools: `
      read list-calendars account
      read list-events calendarId!
      read search-events calendarId! query!
      read get-event calendarId! eventId!
      read list-colors account
      read get-freebusy calendars! timeMin! timeMax!
      read get-current-time account
      send create-event calendarId! start! end! summary=content /attendees/*/email=destination
      send update-event calendarId! eventId! summary=content /attendees/*/email=destination
      send respond-to-event calendarId! eventId! response! comment=content
      destroy delete-event calendarId! eventId!`,
  },
  {
    // Documentation of @modelcontextprotocol/server-gdrive (modelcontextprotocol/servers, src/gdrive/README.md): files
    // are read as resources.
    name: 'google-drive',
    packages: ['npm/@modelcontextprotocol/server-gdrive'],
    tools: `
      read search query!`,
  },
  {
    // tools/list of @notionhq/notion-mcp-server 2.5.2. Its annotations follow HTTP methods: a search is no destruction.
    name: 'notion',
    packages: ['npm/@notionhq/notion-mcp-server'],
    tools: `
      read API-get-user user_id!
      read API-get-users start_cursor page_size
      read API-get-self
      read API-post-search query
      read API-get-block-children block_id!
      read API-retrieve-a-block block_id!
      read API-retrieve-a-page page_id!
      read API-retrieve-a-page-property page_id! property_id!
      read API-retrieve-a-comment block_id!
      read API-query-data-source data_source_id!
      read API-retrieve-a-data-source data_source_id!
      read API-list-data-source-templates data_source_id!
      read API-retrieve-a-database database_id!
      read API-retrieve-page-markdown page_id!
      write API-patch-block-children block_id! children!
      write API-post-page parent! properties!
      write API-create-a-data-source parent! properties!
      send API-create-a-comment parent! rich_text!
      destroy API-update-a-block block_id!
      destroy API-delete-a-block block_id!
      destroy API-patch-page page_id!
      destroy API-update-a-data-source data_source_id!
      destroy API-move-page page_id! parent!
      destroy API-update-page-markdown page_id! type!`,
  },
  {
    // Source of @modelcontextprotocol/server-postgres (modelcontextprotocol/servers, src/postgres/index.ts). Its read-only
    // transaction could be left by the very SQL that it ran (modelcontextprotocol/servers#1889).
    name: 'postgres',
    packages: ['npm/@modelcontextprotocol/server-postgres'],
    tools: `
      execute query sql!=code`,
  },
  {
    // Documentation of mcp-server-sqlite (modelcontextprotocol/servers, src/sqlite/README.md).
    name: 'sqlite',
    packages: ['pypi/mcp-server-sqlite'],
    tools: `
      read read_query query!
      read list_tables
      read describe_table table_name!
      write append_insight insight!=content
      execute create_table query!=code
      execute write_query query!=code`,
  },
  {
    // Documentation of mcp-server-fetch (modelcontextprotocol/servers, src/fetch/README.md). The address makes it a send.
    name: 'fetch',
    packages: ['pypi/mcp-server-fetch'],
    tools: `
      read fetch url!=destination`,
  },
  {
    // Documentation of @modelcontextprotocol/server-brave-search (modelcontextprotocol/servers, src/brave-search/README.md)
    // and of its successor (brave/brave-search-mcp-server, README.md).
    name: 'brave-search',
    packages: ['npm/@modelcontextprotocol/server-brave-search', 'npm/@brave/brave-search-mcp-server'],
    tools: `
      read brave_web_search query!
      read brave_local_search query!
      read brave_image_search query!
      read brave_video_search query!
      read brave_news_search query!
      read brave_llm_context query!
      read brave_place_search query
      read brave_summarizer key!
      read brave_answers messages!`,
  },
  {
    // Documentation of @playwright/mcp (microsoft/playwright-mcp, README.md). `element` is for people, `ref` for it. What a
    // page's script does with a click is not known: no click is a read.
    name: 'playwright',
    packages: ['npm/@playwright/mcp'],
    tools: `
      read browser_close
      read browser_console_messages
      read browser_network_requests
      read browser_snapshot
      read browser_tab_list
      read browser_navigate_back
      read browser_navigate_forward
      read browser_resize width! height!
      read browser_hover element!=content ref!
      read browser_wait_for time text=content textGone=content
      write browser_take_screenshot filename element=content ref
      write browser_pdf_save filename
      write browser_click element!=content ref!
      write browser_drag startElement!=content startRef! endElement!=content endRef!
      write browser_select_option element!=content ref! values!=content
      write browser_press_key key!=content
      write browser_handle_dialog accept! promptText=content
      send browser_navigate url!=destination
      send browser_tab_new url=destination
      send browser_type element!=content ref! text!=content
      send browser_file_upload paths!=selector
      execute browser_evaluate function!=code element=content
      execute browser_run_code code!=code
      execute browser_install`,
  },
  {
    // Documentation of @modelcontextprotocol/server-puppeteer (modelcontextprotocol/servers, src/puppeteer/README.md).
    // The options of a launch can name a program.
    name: 'puppeteer',
    packages: ['npm/@modelcontextprotocol/server-puppeteer'],
    tools: `
      read puppeteer_screenshot name!=content selector=selector
      read puppeteer_hover selector!=selector
      write puppeteer_click selector!=selector
      write puppeteer_select selector!=selector value!=content
      send puppeteer_navigate url!=destination launchOptions /launchOptions/executablePath=code
      send puppeteer_fill selector!=selector value!=content
      execute puppeteer_evaluate script!=code`,
  },
  {
    // tools/list of @modelcontextprotocol/server-memory 2026.8.31. What is noted goes nowhere: it is content.
    name: 'memory',
    packages: ['npm/@modelcontextprotocol/server-memory'],
    tools: `
      read read_graph
      read search_nodes query!
      read open_nodes names!
      write create_entities entities!=content
      write create_relations relations!=content
      write add_observations observations!=content
      destroy delete_entities entityNames!=selector
      destroy delete_observations deletions!=selector
      destroy delete_relations relations!=selector`,
  },
  {
    // tools/list of @modelcontextprotocol/server-everything 2026.8.31, which only shows what the protocol can do.
    name: 'everything',
    packages: ['npm/@modelcontextprotocol/server-everything'],
    tools: `
      read echo message!=content
      read get-annotated-message messageType!
      read get-env
      read get-resource-links
      read get-resource-reference
      read get-roots-list
      read get-structured-content location!
      read get-sum a! b!
      read get-tiny-image
      read trigger-long-running-operation duration steps
      write simulate-research-query topic!=content
      write toggle-simulated-logging
      write toggle-subscriber-updates
      write trigger-elicitation-request
      write trigger-sampling-request prompt!=content maxTokens
      send gzip-file-as-resource name=content data=destination`,
  },
  {
    // tools/list of @modelcontextprotocol/server-sequential-thinking 2026.8.31.
    name: 'sequential-thinking',
    packages: ['npm/@modelcontextprotocol/server-sequential-thinking'],
    tools: `
      read sequentialthinking thought!=content nextThoughtNeeded! thoughtNumber! totalThoughts!`,
  },
  {
    // tools/list of @upstash/context7-mcp 4.1.1.
    name: 'context7',
    packages: ['npm/@upstash/context7-mcp'],
    tools: `
      read resolve-library-id query! libraryName!
      read query-docs libraryId! query!`,
  },
];
