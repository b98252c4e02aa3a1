// The scenarios in which the replica was changed, or which no sync can settle.

extension SyncScenario {
  static let changedReplicas = [
    SyncScenario(
      name: "mailboxes are deleted, renamed and changed on the replica",
      steps: [
        .replica("DELETE user/ann#/Sent"), .replica("RENAME user/ann#/Work/a user/ann#/Work/z"),
        .replica("SETACL user/bob#/Work anyone lr"),
      ],
      differences: [
        "drift foldermodseq+renamed user.ann#.Sent", "drift foldermodseq+renamed user.ann#.Work.a",
        "drift acl+foldermodseq user.bob#.Work",
      ],
      repair: [
        "RENAME DELETED.user.ann#.Sent.* user.ann#.Sent", "RENAME user.ann#.Work.z user.ann#.Work.a",
        "MAILBOX user.bob#.Work",
      ]),
    SyncScenario(
      name: "mailboxes and a user are made on the replica",
      steps: [
        .replica("CREATE user/ann#/Stray"), .replica("CREATE user/zed#"), .replica("CREATE user/zed#/Sent"),
        .lost("CREATE user/ann#/Lost"),
      ],
      differences: [
        "conflict extra user.ann#.Stray", "drift extra user.zed#", "drift extra user.zed#.Sent",
        "drift missing user.ann#.Lost",
      ],
      repair: ["MAILBOX user.ann#.Lost", "UNUSER zed#"]),
    SyncScenario(
      name: "a mailbox of nobody is changed on the replica, of which sync_client would die",
      start: ["CREATE shared#", "CREATE shared#/old"],
      steps: [.replica("SETACL shared#/old bob# lrs"), .lost("CREATE user/ann#/Lost")],
      differences: ["drift acl+foldermodseq shared#.old", "drift missing user.ann#.Lost"],
      repair: ["MAILBOX user.ann#.Lost"],
      left: ["drift acl+foldermodseq shared#.old"]),
  ]

  static let conflicts = [
    SyncScenario(
      name: "made on both sides",
      steps: [
        .lost("CREATE user/ann#/New"), .replica("CREATE user/ann#/New"), .replica("APPEND user/ann#/New"),
        .lost("CREATE user/ann#/Lost"),
      ],
      differences: ["conflict identityConflict user.ann#.New", "drift missing user.ann#.Lost"],
      repair: ["MAILBOX user.ann#.Lost"]),
    SyncScenario(
      name: "made on both sides, on its way",
      steps: [
        .kept("CREATE user/ann#/New"), .replica("CREATE user/ann#/New"), .replica("APPEND user/ann#/New"),
        .kept("CREATE user/bob#/New"),
      ],
      differences: ["pendingConflict identityConflict user.ann#.New", "pending missing user.bob#.New"],
      repair: [],
      pendingStatus: 24),
    SyncScenario(
      name: "two have each other's name",
      steps: [
        .lost("RENAME user/ann#/Sent user/ann#/x"), .lost("RENAME user/ann#/Work/a user/ann#/Sent"),
        .lost("RENAME user/ann#/x user/ann#/Work/a"), .lost("CREATE user/ann#/Lost"),
      ],
      differences: [
        "conflict foldermodseq+renamed user.ann#.Sent", "conflict foldermodseq+renamed user.ann#.Work.a",
        "drift missing user.ann#.Lost",
      ],
      repair: ["MAILBOX user.ann#.Lost"]),
    SyncScenario(
      name: "two have each other's name, on its way",
      steps: [
        .kept("RENAME user/ann#/Sent user/ann#/x"), .kept("RENAME user/ann#/Work/a user/ann#/Sent"),
        .kept("RENAME user/ann#/x user/ann#/Work/a"),
      ],
      differences: [
        "pendingConflict foldermodseq+renamed user.ann#.Sent", "pendingConflict foldermodseq+renamed user.ann#.Work.a",
      ],
      repair: [],
      pendingStatus: 16),
    SyncScenario(
      name: "the replica lacks the partition",
      steps: [.lost("RENAME user/ann#/Sent user/ann#/Sent only"), .lost("CREATE user/ann#/Lost")],
      differences: [
        "conflict foldermodseq+partition user.ann#.Sent", "drift missing user.ann#.Lost",
      ],
      repair: ["MAILBOX user.ann#.Lost"]),
    SyncScenario(
      name: "the replica lacks the partition, on its way",
      steps: [.kept("RENAME user/ann#/Sent user/ann#/Sent only"), .kept("CREATE user/bob#/New")],
      differences: [
        "pendingConflict foldermodseq+partition user.ann#.Sent", "pending missing user.bob#.New",
      ],
      repair: [],
      pendingStatus: 50),
    SyncScenario(
      name: "a stray holds the name of a renamed one",
      steps: [
        .lost("RENAME user/ann#/Sent user/ann#/Post"), .replica("CREATE user/ann#/Post"),
        .lost("CREATE user/ann#/Lost"),
      ],
      differences: [
        "conflict extra+foldermodseq+renamed user.ann#.Post", "drift missing user.ann#.Lost",
      ],
      repair: ["MAILBOX user.ann#.Lost"]),
    SyncScenario(
      name: "a renamed one lies on a partition that the replica lacks",
      steps: [
        .lost("RENAME user/ann#/Sent user/ann#/Post"), .lost("RENAME user/ann#/Post user/ann#/Post only"),
        .lost("CREATE user/ann#/Lost"),
      ],
      differences: [
        "conflict foldermodseq+partition+renamed user.ann#.Post", "drift missing user.ann#.Lost",
      ],
      repair: ["MAILBOX user.ann#.Lost"]),
    SyncScenario(
      name: "made on a partition that the replica lacks",
      steps: [.lost("CREATE user/ann#/New only"), .lost("CREATE user/ann#/Lost")],
      differences: ["conflict missing user.ann#.New", "drift missing user.ann#.Lost"],
      repair: ["MAILBOX user.ann#.Lost"]),
    SyncScenario(
      name: "of two types",
      steps: [
        .replica("RETYPE user/ann#/Sent"), .lost("RENAME user/ann#/Sent user/ann#/Post"),
        .lost("CREATE user/ann#/Lost"),
      ],
      differences: [
        "conflict foldermodseq+mbtype+renamed user.ann#.Post", "drift missing user.ann#.Lost",
      ],
      repair: ["MAILBOX user.ann#.Lost"]),
    SyncScenario(
      name: "of two types, and rights are given",
      steps: [
        .replica("RETYPE user/ann#/Sent"), .lost("SETACL user/ann#/Sent bob# lrs"), .lost("CREATE user/ann#/Lost"),
      ],
      differences: ["conflict acl+foldermodseq+mbtype user.ann#.Sent", "drift missing user.ann#.Lost"],
      repair: ["MAILBOX user.ann#.Lost"]),
    SyncScenario(
      name: "of two types, on its way",
      steps: [
        .replica("RETYPE user/ann#/Sent"), .kept("SETACL user/ann#/Sent bob# lrs"), .kept("CREATE user/bob#/New"),
      ],
      differences: [
        "pendingConflict acl+foldermodseq+mbtype user.ann#.Sent", "pending missing user.bob#.New",
      ],
      repair: [],
      pendingStatus: 50),
    SyncScenario(
      name: "so many beside a conflict",
      steps: [
        .lost("CREATE user/ann#/New"), .replica("CREATE user/ann#/New"), .replica("APPEND user/ann#/New"),
      ] + (1...9).map { .lost("CREATE user/ann#/b\($0)") },
      differences: ["conflict identityConflict user.ann#.New"] + (1...9).map { "drift missing user.ann#.b\($0)" },
      repair: (1...9).map { "MAILBOX user.ann#.b\($0)" }),
    SyncScenario(
      name: "so many beside a stray",
      steps: [.replica("CREATE user/ann#/Stray")] + (1...9).map { .lost("CREATE user/ann#/b\($0)") },
      differences: ["conflict extra user.ann#.Stray"] + (1...9).map { "drift missing user.ann#.b\($0)" },
      repair: ["USER ann#"]),
    SyncScenario(
      name: "so many beside one that is on its way from another user",
      steps: [.kept("RENAME user/ann#/Sent user/bob#/Sent")] + (1...9).map { .lost("CREATE user/bob#/b\($0)") },
      differences: ["pending foldermodseq+renamed user.bob#.Sent"]
        + (1...9).map { "drift missing user.bob#.b\($0)" },
      repair: (1...9).map { "MAILBOX user.bob#.b\($0)" }),
    SyncScenario(
      name: "so many beside one that is on its way to another user",
      steps: [.kept("RENAME user/ann#/Sent user/bob#/Sent")] + (1...9).map { .lost("CREATE user/ann#/b\($0)") },
      differences: ["pending foldermodseq+renamed user.bob#.Sent"]
        + (1...9).map { "drift missing user.ann#.b\($0)" },
      repair: (1...9).map { "MAILBOX user.ann#.b\($0)" }),
    SyncScenario(
      name: "on its way beside one that is refused",
      steps: [
        .kept("CREATE user/ann#/Aaa"), .kept("CREATE user/ann#/New"), .kept("CREATE user/ann#/Zzz"),
        .replica("CREATE user/ann#/New"), .replica("APPEND user/ann#/New"),
      ],
      differences: [
        "pending missing user.ann#.Aaa", "pendingConflict identityConflict user.ann#.New",
        "pending missing user.ann#.Zzz",
      ],
      repair: [],
      pendingStatus: 24,
      // The last one stays pending for as long as the refused one is not settled.
      left: ["conflict identityConflict user.ann#.New", "drift missing user.ann#.Zzz"]),
  ]
}
