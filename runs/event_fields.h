#pragma once

#include <cstdint>

namespace ablate::pb {

// Field numbers of TensorBoard's messages (tensorboard/compat/proto/*.proto) that are read or written here.

namespace event {
inline constexpr std::uint32_t kWallTime = 1, kStep = 2, kFileVersion = 3, kGraphDef = 4, kSummary = 5, kLogMessage = 6,
                               kSessionLog = 7, kTaggedRunMetadata = 8, kMetaGraphDef = 9;
}
namespace session_log {
inline constexpr std::uint32_t kStatus = 1;
inline constexpr std::uint64_t kStart = 1;
}  // namespace session_log
namespace tagged_run_metadata {
inline constexpr std::uint32_t kTag = 1;
}
namespace summary {
inline constexpr std::uint32_t kValue = 1;
}
namespace value {
inline constexpr std::uint32_t kTag = 1, kSimpleValue = 2, kOldHistogram = 3, kImage = 4, kHisto = 5, kAudio = 6,
                               kNodeName = 7, kTensor = 8, kMetadata = 9;
}
namespace metadata {
inline constexpr std::uint32_t kPluginData = 1, kDisplayName = 2, kDescription = 3, kDataClass = 4;
inline constexpr std::uint64_t kUnknown = 0, kScalar = 1, kTensor = 2, kBlobSequence = 3;
}  // namespace metadata
namespace plugin_data {
inline constexpr std::uint32_t kPluginName = 1, kContent = 2;
}
namespace image {
inline constexpr std::uint32_t kHeight = 1, kWidth = 2, kColorspace = 3, kEncoded = 4;
}
namespace histo {
inline constexpr std::uint32_t kMin = 1, kMax = 2, kNum = 3, kSum = 4, kSumSquares = 5, kBucketLimit = 6, kBucket = 7;
}
namespace tensor {
inline constexpr std::uint32_t kDtype = 1, kShape = 2, kContent = 4, kFloatVal = 5, kDoubleVal = 6, kIntVal = 7,
                               kStringVal = 8, kInt64Val = 10, kBoolVal = 11, kHalfVal = 13, kUint32Val = 16,
                               kUint64Val = 17;
inline constexpr std::uint64_t kFloat = 1, kDouble = 2, kInt32 = 3, kUint8 = 4, kInt16 = 5, kInt8 = 6, kString = 7,
                               kInt64 = 9, kBool = 10, kBfloat16 = 14, kUint16 = 17, kHalf = 19, kUint32 = 22,
                               kUint64 = 23;
}  // namespace tensor
namespace shape {
inline constexpr std::uint32_t kDim = 2, kDimSize = 1;
}

// The HParams plugin (tensorboard/plugins/hparams/{plugin_data,api}.proto) and google.protobuf.Value.
namespace hparams {
inline constexpr std::uint32_t kExperiment = 2, kSessionStartInfo = 3, kSessionEndInfo = 4;  // HParamsPluginData
inline constexpr std::uint32_t kEndStatus = 1, kEndTimeSecs = 2;                             // SessionEndInfo
inline constexpr std::uint64_t kSuccess = 1, kFailure = 2;                                   // Status
inline constexpr std::uint32_t kStartHparams = 1, kStartTimeSecs = 5;                        // SessionStartInfo
inline constexpr std::uint32_t kEntryKey = 1, kEntryValue = 2;                               // its map's entries
inline constexpr std::uint32_t kTimeCreatedSecs = 3, kHparamInfos = 4, kMetricInfos = 5;     // Experiment
inline constexpr std::uint32_t kInfoName = 1, kInfoType = 4, kMetricName = 1, kNameTag = 2;  // HParamInfo, MetricInfo
inline constexpr std::uint64_t kTypeString = 1, kTypeBool = 2, kTypeFloat64 = 3;             // DataType
inline constexpr std::uint32_t kNumberValue = 2, kStringValue = 3, kBoolValue = 4;           // google.protobuf.Value
}  // namespace hparams

// The custom scalars plugin (tensorboard/plugins/custom_scalar/layout.proto).
namespace custom_scalars {
inline constexpr std::uint32_t kCategory = 2;                // Layout
inline constexpr std::uint32_t kTitle = 1, kChart = 2;       // Category; a Chart has a title, too
inline constexpr std::uint32_t kMultiline = 2, kMargin = 3;  // Chart
}  // namespace custom_scalars

}  // namespace ablate::pb
