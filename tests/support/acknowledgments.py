"""What universities say of the transcripts that they got, as PESC writes it."""

PACKET = "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d12"
DOCUMENT = PACKET.replace("-", "")
TRANSMISSION = """<TransmissionData><DocumentID>ACK-17</DocumentID>
  <CreatedDateTime>2026-11-24T08:00:00</CreatedDateTime><DocumentTypeCode>Acknowledgment</DocumentTypeCode>
  <TransmissionType>Original</TransmissionType>
  <Source><Organization><MutuallyDefined>uofu</MutuallyDefined></Organization></Source>
  <Destination><Organization><MutuallyDefined>01</MutuallyDefined></Organization></Destination>
  </TransmissionData>"""
FAULT = """<SyntaxError><ErrorMessage>Reyes-Ortiz is too long</ErrorMessage>
  <Locator><LineNumber>12</LineNumber><ColumnNumber>7</ColumnNumber></Locator>
  <SeverityCode>FatalError</SeverityCode></SyntaxError>"""


def functional(answer: str = "Accepted", rest: str = "", document: str = DOCUMENT, version: str = "1.2.0") -> bytes:
    return f"""<F:Acknowledgment xmlns:F="urn:org:pesc:message:FunctionalAcknowledgment:v{version}">
    {TRANSMISSION}<AcknowledgmentData><DocumentID>{document}</DocumentID>
    <AcknowledgmentCode>{answer}</AcknowledgmentCode>{rest}</AcknowledgmentData></F:Acknowledgment>""".encode()


def transcript(transmission: str = TRANSMISSION, person: str = "", version: str = "1.3.0") -> bytes:
    return f"""<T:Acknowledgment xmlns:T="urn:org:pesc:message:TranscriptAcknowledgment:v{version}">
    {transmission}<Person>{person}<Name><LastName>Reyes-Ortiz</LastName></Name></Person>
    <AcademicAwardTotal>1</AcademicAwardTotal><CourseTotal>24</CourseTotal></T:Acknowledgment>""".encode()
