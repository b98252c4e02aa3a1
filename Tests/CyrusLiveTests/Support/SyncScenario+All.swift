// The scenarios in which all can be made good. What must come of them follows from Docs/Formats/sync-diff.md.

extension SyncScenario {
  static let all = mailboxes + fields + recreations + wholeUsers + changedReplicas + conflicts

  static let mailboxes = [
    SyncScenario(
      name: "mailboxes are made",
      steps: [
        .kept("CREATE user/ann#/New"), .lost("CREATE user/ann#/Lost"), .lost("CREATE \"user/ann#/two words\""),
      ],
      differences: [
        "pending missing user.ann#.New", "drift missing user.ann#.Lost", "drift missing user.ann#.two words",
      ],
      repair: ["MAILBOX user.ann#.Lost", "MAILBOX \"user.ann#.two words\""]),
    SyncScenario(
      name: "so many that the whole user is done",
      steps: (1...9).map { .lost("CREATE user/ann#/b\($0)") },
      differences: (1...9).map { "drift missing user.ann#.b\($0)" },
      repair: ["USER ann#"]),
    SyncScenario(
      name: "mailboxes are deleted",
      steps: [.lost("DELETE user/ann#/Sent"), .kept("DELETE user/ann#/Work/a")],
      differences: [
        "drift foldermodseq+renamed DELETED.user.ann#.Sent.*",
        "pending foldermodseq+renamed DELETED.user.ann#.Work.a.*",
      ],
      repair: ["RENAME user.ann#.Sent DELETED.user.ann#.Sent.*"]),
    SyncScenario(
      name: "a deleted mailbox is gone for good",
      steps: [.lost("DELETE user/ann#/Sent"), .lost("FORGET user/ann#/Sent")],
      differences: ["drift extra user.ann#.Sent"],
      repair: ["UNMAILBOX user.ann#.Sent"]),
    SyncScenario(
      name: "a deleted mailbox is gone for good before its lines are read",
      steps: [.kept("DELETE user/ann#/Sent"), .kept("FORGET user/ann#/Sent")],
      differences: ["drift extra user.ann#.Sent"],
      repair: ["UNMAILBOX user.ann#.Sent"]),
    SyncScenario(
      name: "mailboxes are renamed within a user",
      start: ["CREATE user/ann#/Old"],
      steps: [
        .lost("RENAME user/ann#/Work/a user/ann#/Work/b"), .lost("RENAME user/ann#/Sent user/ann#/Work/a"),
        .kept("RENAME user/ann#/Old user/ann#/Older"),
      ],
      differences: [
        "drift foldermodseq+renamed user.ann#.Work.b", "drift foldermodseq+renamed user.ann#.Work.a",
        "pending foldermodseq+renamed user.ann#.Older",
      ],
      repair: ["RENAME user.ann#.Sent user.ann#.Work.a", "RENAME user.ann#.Work.a user.ann#.Work.b"]),
    SyncScenario(
      name: "of a rename only the new name is left in the log",
      steps: [.replaced("RENAME user/ann#/Sent user/ann#/Post", by: ["MAILBOX user.ann#.Post"])],
      differences: ["pending foldermodseq+renamed user.ann#.Post"],
      repair: []),
    SyncScenario(
      name: "mailboxes are renamed across users",
      steps: [
        .lost("RENAME user/ann#/Work/a user/bob#/a"), .kept("RENAME user/ann#/Sent user/bob#/Sent"),
      ],
      differences: [
        "drift foldermodseq+renamed user.bob#.a", "pending foldermodseq+renamed user.bob#.Sent",
      ],
      repair: ["RENAME user.ann#.Work.a user.bob#.a"]),
    SyncScenario(
      name: "mailboxes of nobody",
      start: [
        "CREATE shared#", "SETACL shared# admin \(ReplicaPair.allRights)", "CREATE shared#/old", "CREATE shared#/gone",
      ],
      steps: [
        .kept("CREATE shared#/new"), .lost("CREATE shared#/lost"), .lost("RENAME shared#/old shared#/older"),
        .lost("DELETE shared#/gone"), .kept("SETACL shared# bob# lrs"),
      ],
      differences: [
        "pending missing shared#.new", "drift missing shared#.lost", "drift foldermodseq+renamed shared#.older",
        "drift foldermodseq+renamed DELETED.shared#.gone.*", "pending acl+foldermodseq shared#",
      ],
      repair: [
        "RENAME shared#.gone DELETED.shared#.gone.*", "RENAME shared#.old shared#.older", "MAILBOX shared#.lost",
      ]),
  ]

  static let fields = [
    SyncScenario(
      name: "rights are given",
      steps: [
        .kept("SETACL user/ann#/Sent bob# lrs"), .lost("SETACL user/ann#/Work bob# lr"),
        .replica("SETACL user/ann#/Work/a bob# lrs"),
      ],
      differences: [
        "pending acl+foldermodseq user.ann#.Sent", "drift acl+foldermodseq user.ann#.Work",
        "drift acl+foldermodseq user.ann#.Work.a",
      ],
      repair: ["MAILBOX user.ann#.Work", "MAILBOX user.ann#.Work.a"]),
    SyncScenario(
      name: "mailboxes move to another partition",
      steps: [
        .kept("RENAME user/ann#/Sent user/ann#/Sent p2"), .lost("RENAME user/ann#/Work/a user/ann#/Work/a p2"),
      ],
      differences: [
        "pending foldermodseq+partition user.ann#.Sent", "drift foldermodseq+partition user.ann#.Work.a",
      ],
      repair: ["MAILBOX user.ann#.Work.a"]),
  ]

  static let recreations = [
    SyncScenario(
      name: "deleted and made anew",
      steps: [
        .lost("DELETE user/ann#/Sent"), .lost("CREATE user/ann#/Sent"), .kept("DELETE user/ann#/Work/a"),
        .kept("CREATE user/ann#/Work/a"),
      ],
      differences: [
        "drift foldermodseq+renamed DELETED.user.ann#.Sent.*", "drift missing user.ann#.Sent",
        "pending foldermodseq+renamed DELETED.user.ann#.Work.a.*", "pending missing user.ann#.Work.a",
      ],
      repair: ["RENAME user.ann#.Sent DELETED.user.ann#.Sent.*", "MAILBOX user.ann#.Sent"]),
    SyncScenario(
      name: "deleted in one log and made anew in the next",
      steps: [.kept("DELETE user/ann#/Sent"), .kept("ROTATE"), .kept("CREATE user/ann#/Sent")],
      differences: [
        "pending foldermodseq+renamed DELETED.user.ann#.Sent.*", "pending missing user.ann#.Sent",
      ],
      repair: []),
    SyncScenario(
      name: "only the lines of the new mailbox are left",
      steps: [.lost("DELETE user/ann#/Sent"), .kept("CREATE user/ann#/Sent")],
      differences: [
        "drift foldermodseq+renamed DELETED.user.ann#.Sent.*", "drift missing user.ann#.Sent",
      ],
      repair: ["RENAME user.ann#.Sent DELETED.user.ann#.Sent.*", "MAILBOX user.ann#.Sent"],
      healsByItself: true),
    SyncScenario(
      name: "a user is deleted and made anew",
      steps: [.lost("DELETE user/ann#"), .lost("CREATE user/ann#")],
      differences: [
        "drift foldermodseq+renamed DELETED.user.ann#.*", "drift foldermodseq+renamed DELETED.user.ann#.Sent.*",
        "drift foldermodseq+renamed DELETED.user.ann#.Work.*", "drift foldermodseq+renamed DELETED.user.ann#.Work.a.*",
        "drift missing user.ann#",
      ],
      repair: ["USER ann#"]),
  ]

  static let wholeUsers = [
    SyncScenario(
      name: "users are made",
      steps: [
        .lost("CREATE user/dan#"), .lost("CREATE user/dan#/Sent"), .kept("CREATE user/eve#"),
        .kept("CREATE user/eve#/Sent"),
      ],
      differences: [
        "drift missing user.dan#", "drift missing user.dan#.Sent", "pending missing user.eve#",
        "pending missing user.eve#.Sent",
      ],
      repair: ["USER dan#"]),
    SyncScenario(
      name: "users are deleted",
      steps: [.lost("DELETE user/ann#"), .kept("DELETE user/bob#")],
      differences: [
        "drift foldermodseq+renamed DELETED.user.ann#.*", "drift foldermodseq+renamed DELETED.user.ann#.Sent.*",
        "drift foldermodseq+renamed DELETED.user.ann#.Work.*", "drift foldermodseq+renamed DELETED.user.ann#.Work.a.*",
        "pending foldermodseq+renamed DELETED.user.bob#.*", "pending foldermodseq+renamed DELETED.user.bob#.Work.*",
      ],
      repair: [
        "RENAME user.ann# DELETED.user.ann#.*", "RENAME user.ann#.Sent DELETED.user.ann#.Sent.*",
        "RENAME user.ann#.Work DELETED.user.ann#.Work.*", "RENAME user.ann#.Work.a DELETED.user.ann#.Work.a.*",
      ]),
    SyncScenario(
      name: "of a user's end only the last line is left",
      steps: [.replaced("DELETE user/ann#", by: ["UNUSER ann#"])],
      differences: [
        "drift foldermodseq+renamed DELETED.user.ann#.*", "drift foldermodseq+renamed DELETED.user.ann#.Sent.*",
        "drift foldermodseq+renamed DELETED.user.ann#.Work.*", "drift foldermodseq+renamed DELETED.user.ann#.Work.a.*",
      ],
      repair: [
        "RENAME user.ann# DELETED.user.ann#.*", "RENAME user.ann#.Sent DELETED.user.ann#.Sent.*",
        "RENAME user.ann#.Work DELETED.user.ann#.Work.*", "RENAME user.ann#.Work.a DELETED.user.ann#.Work.a.*",
      ],
      destroys: true),
    SyncScenario(
      name: "users are renamed",
      steps: [.lost("RENAME user/ann# user/fay#"), .kept("RENAME user/bob# user/gil#")],
      differences: [
        "drift acl+foldermodseq+renamed user.fay#", "drift acl+foldermodseq+renamed user.fay#.Sent",
        "drift acl+foldermodseq+renamed user.fay#.Work", "drift acl+foldermodseq+renamed user.fay#.Work.a",
        "pending acl+foldermodseq+renamed user.gil#", "pending acl+foldermodseq+renamed user.gil#.Work",
      ],
      repair: [
        "RENAME user.ann# user.fay#", "RENAME user.ann#.Sent user.fay#.Sent", "RENAME user.ann#.Work user.fay#.Work",
        "RENAME user.ann#.Work.a user.fay#.Work.a",
      ]),
  ]
}
